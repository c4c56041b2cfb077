from setuptools import find_packages, setup

package_name = 'tf2_ros'

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
    description='Transforms between frames on ROS topics: buffer, listener, broadcasters, tools.',
    license='Apache-2.0',
    entry_points={'console_scripts': [
        'static_transform_publisher = tf2_ros.static_transform_publisher:main',
        'tf2_echo = tf2_ros.tf2_echo:main',
        'tf2_monitor = tf2_ros.tf2_monitor:main',
    ]},
)
