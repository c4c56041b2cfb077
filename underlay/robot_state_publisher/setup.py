from setuptools import find_packages, setup

package_name = 'robot_state_publisher'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='From a URDF and joint states to the transforms of every link.',
    license='Apache-2.0',
    entry_points={'console_scripts': [
        'robot_state_publisher = robot_state_publisher.node:main',
    ]},
)
