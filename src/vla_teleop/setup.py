from setuptools import find_packages, setup

package_name = 'vla_teleop'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    package_data={'vla_teleop.web': ['page.html']},
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='Teleoperation devices and the node that turns them into targets.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': ['teleop = vla_teleop.node:main'],
        'vla_teleop.devices': [
            'gamepad = vla_teleop.devices.gamepad:Gamepad',
            'keyboard = vla_teleop.devices.keyboard:Keyboard',
            'leader_arm = vla_teleop.devices.leader_arm:LeaderArm',
            'spacemouse = vla_teleop.devices.spacemouse:SpaceMouse',
            'web = vla_teleop.devices.web:Web',
        ],
    },
)
